"""Notification: consumes orders and settlements, serves what each customer was told."""
