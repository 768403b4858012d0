"""How the system is deployed: the gateway's limits, and each engine's replicas, cores and time limits."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GatewayConfig(BaseModel):
    """The WebSocket endpoint and what a client may do to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for every interface."
    )
    port: int = Field(default=8000, ge=1, le=65_535, description="TCP port to listen on.")
    max_sessions: int = Field(
        default=4,
        ge=1,
        le=1_000,
        description="Conversations at a time and gateway replica; others are refused with a reason.",
    )
    max_message_bytes: int = Field(
        default=65_536, ge=4_096, le=16_777_216, description="Largest message accepted from a client, bytes."
    )
    send_queue_frames: int = Field(
        default=100,
        ge=10,
        le=5_000,
        description="Packets that may wait for a slow reader before it is cut off, 40 ms each.",
    )
    hello_timeout_s: float = Field(
        default=5.0, gt=0, le=60, description="Time from connecting to the client's greeting, seconds."
    )
    idle_timeout_s: float = Field(
        default=30.0,
        gt=0,
        le=3_600,
        description="Time without any message from the client before it is cut off, seconds.",
    )
    resume_within_s: float = Field(
        default=120.0,
        ge=0,
        le=86_400,
        description="Time that the conversation of a client that vanished is kept for it, seconds; 0: not at "
        "all.",
    )
    max_parked: int = Field(
        default=16,
        ge=1,
        le=100_000,
        description="Conversations kept for clients that vanished, a gateway replica; the oldest one goes.",
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(),
        description="Web pages from elsewhere that may connect, such as https://example.org; `*` for all.",
    )


class DeploymentConfig(BaseModel):
    """Resources and limits of one Ray Serve deployment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    replicas: int = Field(default=1, ge=1, le=256, description="Processes that serve this engine.")
    num_cpus: float = Field(
        default=0.25,
        ge=0,
        le=256,
        description="Cores that Ray reserves for each replica; a reservation, not a limit.",
    )
    num_gpus: float = Field(
        default=0.0,
        ge=0,
        le=64,
        description="Share of GPUs that Ray reserves for each replica; isolates no memory.",
    )
    threads: int = Field(
        default=1, ge=1, le=128, description="Threads that numeric libraries may start in each replica."
    )
    nice: int = Field(
        default=0,
        ge=0,
        le=19,
        description="Added to the replica's niceness, so that the metronome goes first; 0 to 19.",
    )
    timeout_s: float = Field(default=20.0, gt=0, le=600, description="Longest wait for one call, seconds.")
    retries: int = Field(
        default=1, ge=0, le=5, description="Further tries after a failed call before the fallback."
    )
    max_ongoing_requests: int = Field(
        default=8, ge=1, le=10_000, description="Calls that one replica takes at a time; the rest wait."
    )
    max_queued_requests: int = Field(
        default=32, ge=1, le=10_000, description="Calls that may wait for a replica before one is refused."
    )


class EngineServing(DeploymentConfig):
    """The deployment of an engine that others may stand in for, and when they do."""

    switch_after_s: float = Field(
        default=3.0,
        gt=0,
        le=120,
        description="Wait for an engine to begin, and to go on, before the next of its `fallbacks` is asked, "
        "seconds.",
    )
    retry_after_s: float = Field(
        default=30.0,
        gt=0,
        le=3_600,
        description="Time that an engine that failed is passed over before a call tries it again, seconds; "
        "doubles with each failure.",
    )
    longest_retry_s: float = Field(
        default=600.0, gt=0, le=86_400, description="What that time doubles up to, seconds."
    )
    fallbacks: tuple[DeploymentConfig, ...] = Field(
        default=(),
        max_length=4,
        description="What differs in the deployment of each of the engine's `fallbacks`, in their order.",
    )

    def of_fallback(self, index: int) -> DeploymentConfig:
        """The deployment of the engine's fallback number ``index``: this one, with what differs."""
        names = DeploymentConfig.model_fields
        values = {name: getattr(self, name) for name in names}
        if index < len(self.fallbacks):
            changes = self.fallbacks[index]
            values |= {name: getattr(changes, name) for name in changes.model_fields_set}
        return DeploymentConfig(**values)


class AvatarServing(DeploymentConfig):
    """The avatar's deployment: a fixed number of slots stepped together once a tick."""

    slots: int = Field(
        default=4, ge=1, le=1_024, description="Conversations that one avatar replica animates."
    )
    deadline_ms: float = Field(
        default=30.0,
        gt=0,
        lt=40,
        description="Wait for a frame's motion before the idle layer fills in, milliseconds (a frame is 40).",
    )


class ServingConfig(BaseModel):
    """One deployment config an engine, and the gateway's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gateway: DeploymentConfig = Field(
        default=DeploymentConfig(), description="The process that owns the sessions."
    )
    recognizer: EngineServing = Field(default=EngineServing(nice=5), description="Speech to text.")
    language_model: EngineServing = Field(default=EngineServing(nice=10), description="The reply's text.")
    synthesizer: EngineServing = Field(default=EngineServing(nice=5), description="Text to speech.")
    embedder: DeploymentConfig = Field(
        default=DeploymentConfig(nice=5), description="Sentences to vectors, where anything needs them."
    )
    avatar: AvatarServing = Field(default=AvatarServing(timeout_s=1.0), description="Sound to motion.")
