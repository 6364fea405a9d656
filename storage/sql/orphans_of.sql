SELECT * FROM {rows} WHERE $hidden OR NOT hidden
