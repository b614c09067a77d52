CREATE TABLE albums (
    id          integer PRIMARY KEY,
    artist      text    NOT NULL,
    title       text    NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents > 0),
    stock       integer NOT NULL CHECK (stock >= 0)
);

CREATE TABLE reservations (
    order_id    uuid        PRIMARY KEY,
    reserved_at timestamptz NOT NULL DEFAULT now()
);

-- The price is kept as it was when the order took it.
CREATE TABLE reservation_lines (
    order_id    uuid    NOT NULL REFERENCES reservations ON DELETE CASCADE,
    album_id    integer NOT NULL REFERENCES albums,
    quantity    integer NOT NULL CHECK (quantity > 0),
    price_cents integer NOT NULL,
    PRIMARY KEY (order_id, album_id)
);
