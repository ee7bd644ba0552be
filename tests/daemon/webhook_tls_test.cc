namespace smm::test::webhook_tls_test {}
