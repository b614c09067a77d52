INSERT INTO customers (id, name, email) VALUES
    (1, 'Grace Kim',     'grace@example.com'),
    (2, 'Edsger Bakker', 'edsger@example.com'),
    (3, 'Mary Allen',    'mary@example.com'),
    (4, 'Alan Ferreira', 'alan@example.com');
