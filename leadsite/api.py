"""The one router of the API, at /api/v1/."""

from rest_framework.routers import DefaultRouter

from leads.api import LeadViewSet, SuppressionViewSet
from messaging.api import EnrollmentViewSet, SequenceViewSet

router = DefaultRouter()
router.register("leads", LeadViewSet, basename="api-lead")
router.register("suppressions", SuppressionViewSet, basename="api-suppression")
router.register("sequences", SequenceViewSet, basename="api-sequence")
router.register("enrollments", EnrollmentViewSet, basename="api-enrollment")

urlpatterns = router.urls
