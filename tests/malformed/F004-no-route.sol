Cost 42
