namespace smm::test::webhook_answers_test {}
