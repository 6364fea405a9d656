SELECT coalesce(max(number) + 1, 0)::UINTEGER FROM {table}
