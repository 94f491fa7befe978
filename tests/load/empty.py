"""An empty FastAPI endpoint that takes the same body: what the framework alone costs."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Body(BaseModel):
    text: str


app = FastAPI()


@app.post("/empty")
async def empty(body: Body) -> dict[str, str]:
    return {}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
