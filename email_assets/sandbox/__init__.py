"""A local email service to try the project on and to test it against.

From outside: `python -m email_assets.sandbox`. In a test:

    with Sandbox(messages=250) as sandbox:
        sandbox.set_faults("bounces", Fault("status", status=503, times=2, retry_after="1"))
        requests.get(f"{sandbox.base_url}/v1/bounces", params={"api_key": sandbox.api_key})
"""

from email_assets.sandbox.faults import Fault
from email_assets.sandbox.ledger import RequestRecord
from email_assets.sandbox.server import Sandbox
from email_assets.sandbox.serving import SandboxError

__all__ = ["Fault", "RequestRecord", "Sandbox", "SandboxError"]
