Route #1: bakery 3
