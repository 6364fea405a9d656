UPDATE state SET generation = $generation
