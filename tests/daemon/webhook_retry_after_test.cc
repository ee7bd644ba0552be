namespace smm::test::webhook_retry_after_test {}
