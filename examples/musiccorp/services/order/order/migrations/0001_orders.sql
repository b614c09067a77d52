CREATE TABLE orders (
    id          uuid        PRIMARY KEY,
    customer_id integer     NOT NULL,
    currency    text        NOT NULL,
    total_cents bigint      NOT NULL CHECK (total_cents > 0),
    status      text        NOT NULL CHECK (status IN ('placed', 'settled', 'declined')),
    placed_at   timestamptz NOT NULL,
    decided_at  timestamptz
);

CREATE TABLE order_lines (
    order_id    uuid    NOT NULL REFERENCES orders ON DELETE CASCADE,
    album_id    integer NOT NULL,
    title       text    NOT NULL,
    quantity    integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL,
    PRIMARY KEY (order_id, album_id)
);

-- Written in the transaction that stores the order, emptied once Kafka has confirmed the event.
CREATE TABLE outbox (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text  NOT NULL,
    key   text  NOT NULL,
    body  jsonb NOT NULL
);
