"""Operation of the indexer: logs, metrics, health, alarms, drift, retention."""
