"""Views that know nothing of tenants, tokens or transactions."""

from asgiref.sync import sync_to_async
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt

from clinic.models import Doctor, Patient


@csrf_exempt
def patients(request):
    if request.method == "POST":
        Patient.objects.create(id=request.POST["id"], name=request.POST["name"])
        return HttpResponse(status=201)
    page = Paginator(Patient.objects.order_by("id"), 2).get_page(request.GET.get("page"))
    return JsonResponse({"count": page.paginator.count, "names": [patient.name for patient in page]})


@csrf_exempt
def patient(request, key):
    found = get_object_or_404(Patient, pk=key)
    if request.method == "DELETE":
        found.delete()
        return HttpResponse(status=204)
    return JsonResponse({"name": found.name})


def visits(request, key):
    found = get_object_or_404(Patient.objects.prefetch_related("visits__labels"), pk=key)
    return JsonResponse({"reasons": [visit.reason for visit in found.visits.all()]})


def export(request):
    # Evaluated before the response: what a stream reads later is read after the transaction.
    rows = list(Patient.objects.values_list("name", flat=True).iterator(chunk_size=1))
    return StreamingHttpResponse(f"{row}\n" for row in rows)


@csrf_exempt
def breaks(request):
    Doctor.objects.update(name="never")
    raise RuntimeError("after a write")


@transaction.non_atomic_requests
async def counted(request):
    @sync_to_async
    @transaction.atomic
    def count():
        return Patient.objects.count()

    return JsonResponse({"count": await count()})


def health(request):
    return HttpResponse("fine")
