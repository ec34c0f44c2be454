Routes: 5
Route #1: 1 3
