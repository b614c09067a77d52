"""What every MusicCorp service stands on: configuration, logs, health, database, events, server.

Nothing in here knows albums, customers or orders. A service imports these modules, describes itself
as a `chassis.program.Service` and hands over control; the shortest example is the customer service.
"""
