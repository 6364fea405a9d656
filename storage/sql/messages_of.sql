-- Those on spans themselves that tell what most do, then the others.
SELECT *, 'span' AS part, 0::UINTEGER AS position FROM {lean}
UNION ALL BY NAME
SELECT * FROM {whole}
