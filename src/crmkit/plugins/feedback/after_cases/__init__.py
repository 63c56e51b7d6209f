"""Asking after cases, where the plugin `service_desk` is enabled too."""
