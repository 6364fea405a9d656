-- A value as text: strings as they are, others as they stand in the JSON. Numbers are read
-- and written anew by JSONExtractRaw, so that both sides are; `position` asks for the text
-- itself. Stored JSON has no spaces.
if(
    JSONType(attributes, ${key}) = 'String',
    JSONExtractString(attributes, ${key}) = ${value},
    JSONType(attributes, ${key}) <> 'Null'
        AND JSONExtractRaw(attributes, ${key}) = JSONExtractRaw(${value})
        AND position(attributes, ${value}) > 0
)
