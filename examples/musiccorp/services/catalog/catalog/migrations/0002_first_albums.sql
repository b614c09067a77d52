INSERT INTO albums (id, artist, title, price_cents, stock) VALUES
    (1, 'The Slow Trains',    'Platform Nine at Dawn',  1490, 400),
    (2, 'Ada and the Loops',  'Difference Engine',      1790, 250),
    (3, 'Northern Harbour',   'Ebb',                    1290, 600),
    (4, 'Quiet Assembly',     'Minutes of the Meeting', 1590, 120),
    (5, 'Rosa Quintett',      'Live at the Granary',    2190,  80),
    (6, 'Paper Lighthouse',   'Letters Home',           1390, 300);
