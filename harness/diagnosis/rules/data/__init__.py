"""PostgreSQL and Kafka, by their own words and their clients' (G01 to G08, K01 to K13)."""
