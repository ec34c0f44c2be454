"""Cities: places on real roads with the distances and travel times between them, from an extract of OpenStreetMap.

extract -> graph (speeds) -> places (sample or the user's) -> matrices (OSRM, or dijkstra without it) -> city file.
Angles are degrees (latitude, longitude), lengths metres, times seconds.
"""
