namespace smm::test::webhook_addresses_test {}
