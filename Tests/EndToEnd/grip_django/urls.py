from django.urls import path

import views

urlpatterns = [
    path("chat/", views.chat),
    path("members/", views.members),
    path("say/<str:room>/", views.say),
    path("next/<str:room>/", views.next_message),
    path("events/<str:room>/", views.events),
    path("facts/", views.facts),
    path("heard/", views.heard),
]
