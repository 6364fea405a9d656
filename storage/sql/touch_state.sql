-- A change that changes nothing: it has to reach the disk like any other.
UPDATE state SET generation = generation
