"""What those who run the service ask it."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["operations"])


@router.get("/healthz", summary="Whether the service is up")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}
