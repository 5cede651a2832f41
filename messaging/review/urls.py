"""Addresses of the review queue, below /admin/."""

from django.urls import path

from messaging.review import bulk, views

ONE = "review/<uuid:item>/"

urlpatterns = [
    path("review/", views.review, name="review"),
    path("review/rows/", views.rows, name="review_rows"),
    path("review/together/", bulk.bulk, name="review_bulk"),
    path("review/together/approve/", bulk.approve_together, name="review_bulk_approve"),
    path(ONE, views.review, name="review_item"),
    path(ONE + "approve/", views.approve, name="review_approve"),
    path(ONE + "take-back/", views.take_back, name="review_take_back"),
    path(ONE + "discard/", views.discard, name="review_discard"),
    path(ONE + "restore/", views.restore, name="review_restore"),
    path(ONE + "done/", views.finish, name="review_done"),
    path(ONE + "reopen/", views.reopen, name="review_reopen"),
]
