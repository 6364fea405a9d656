SELECT number FROM {table} WHERE json_extract_string(attributes, $pointer) = $value
