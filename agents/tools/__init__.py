"""What an agent can do besides talking: functions of this program and of MCP servers, called by the model."""
