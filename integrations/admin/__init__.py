"""The admin of `integrations`."""

from integrations.admin.deliveries import WebhookDeliveryAdmin

__all__ = ["WebhookDeliveryAdmin"]
