UPDATE state SET analysed_generation = $generation
