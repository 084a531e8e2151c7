# Python: azure-security-attestation. The address and the credential changed.
import os
import pathlib
import time

from azure.core.credentials import AccessToken
from azure.security.attestation import AttestationClient


class SiteToken:
    """This library wants a credential even where the service does not."""

    def get_token(self, *scopes, **kwargs):
        return AccessToken(os.environ.get("ATTESTATION_TOKEN", "none"), int(time.time()) + 3600)


endpoint = os.environ["ATTESTATION_URL"]  # was https://NAME.REGION.attest.azure.net
client = AttestationClient(endpoint, SiteToken(), validate_issuer=True, issuer=endpoint)
result, token = client.attest_sgx_enclave(
    pathlib.Path("quote.bin").read_bytes(), runtime_data=pathlib.Path("runtime.bin").read_bytes())
print(result.issuer, result.mr_enclave, token.algorithm)
