"""placeholder"""

from rest_framework.permissions import IsAuthenticated as MayRead
