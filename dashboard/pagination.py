"""How the API cuts long lists: by page where they are short, by cursor where history makes them long."""

from rest_framework.pagination import CursorPagination, PageNumberPagination


class Pages(PageNumberPagination):
    """Numbered pages with the total."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class NewestFirst(CursorPagination):
    """A cursor from the newest row back: its cost does not grow with the number of pages before."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
    ordering = "-id"
