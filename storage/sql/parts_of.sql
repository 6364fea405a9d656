SELECT * {bared} FROM {rows}
