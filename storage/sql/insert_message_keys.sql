-- The ids of messages that join traces, hashed to one column of numbers, so that a
-- look-up reads little. Message ids, event ids and Kafka positions are one kind: an id
-- "orders.3.17" spells a position, and some clients send the bare offset as message
-- id. Hashes as in insert_correlation.sql.
INSERT INTO message_keys BY NAME
WITH ids AS (
    SELECT
        trace_hi, trace_lo, span_id,
        nullif(trim(message_id, E' \t\r\n\f\v'), '') AS message_id,
        nullif(trim(event_id, E' \t\r\n\f\v'), '') AS event_id,
        nullif(trim(sequence_number, E' \t\r\n\f\v'), '') AS sequence_number,
        trim(destination_name, E' \t\r\n\f\v') AS topic,
        kafka_partition,
        kafka_offset
    FROM incoming_messaging
),
keys AS (
    SELECT trace_hi, trace_lo, span_id, unnest([
        'message' || chr(0) || message_id,
        'message' || chr(0) || event_id,
        'message' || chr(0) || topic || '.' || kafka_partition || '.' || coalesce(
            kafka_offset::VARCHAR,
            CASE WHEN regexp_full_match(message_id, '[0-9]+') THEN message_id END
        ),
        'sequence' || chr(0) || sequence_number
    ]) AS key
    FROM ids
)
SELECT md5_number_lower(key) AS key_hash, trace_hi, trace_lo, span_id
FROM keys
WHERE key IS NOT NULL
