"""Where everything is mounted: the dashboard at the root, the admin beside it."""

from django.contrib import admin
from django.urls import include, path

admin.autodiscover()
admin.site.site_header = "scmmon"
admin.site.site_title = "scmmon admin"
admin.site.index_title = "Inventory and history"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("dashboard.urls")),
]
