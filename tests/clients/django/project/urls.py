from django.urls import path

from clinic import views

urlpatterns = [
    path("patients/", views.patients),
    path("patients/<int:key>/", views.patient),
    path("patients/<int:key>/visits/", views.visits),
    path("export/", views.export),
    path("breaks/", views.breaks),
    path("counted/", views.counted),
    path("health/", views.health),
]
