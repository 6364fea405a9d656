SELECT coalesce(max(span_number) + 1, 0) FROM spans
