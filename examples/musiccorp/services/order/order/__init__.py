"""Orders: asks customer and catalog, stores what was ordered, tells everybody through Kafka."""
