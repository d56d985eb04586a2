"""What people were told, by the API: messages, each with its deliveries."""

from django.db.models import Prefetch, QuerySet

from alerts.models import Delivery, Notification
from dashboard import queries
from dashboard.api import filters, serializers
from dashboard.api.inventory import ID
from dashboard.api.pagination import ByCursor
from dashboard.api.reading import Table


class MessageViewSet(Table[Notification]):
    """Messages to people, newest first, and how each went out. Those about no hub are for staff."""

    subject = "Messages"
    queryset = Notification.objects.none()
    serializer_class = serializers.MessageSerializer
    lookup_value_regex = ID
    filterset_class = filters.MessageFilter
    pagination_class = ByCursor
    ordering_fields = {"id": "pk", "created_at": "created_at"}
    ordering = "-created_at"

    def get_queryset(self) -> QuerySet[Notification]:
        deliveries = Prefetch("deliveries", Delivery.objects.order_by("pk"))
        return queries.notifications_for(self.request.user).prefetch_related(deliveries)
