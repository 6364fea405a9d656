ALTER TABLE messaging RENAME TO whole_messaging
