# Python: azure-mgmt-attestation. base_url names the same daemon.
import os
import time

from azure.core.credentials import AccessToken
from azure.mgmt.attestation import AttestationManagementClient


class SiteToken:
    def get_token(self, *scopes, **kwargs):
        return AccessToken(os.environ["ATTESTATION_TOKEN"], int(time.time()) + 3600)


client = AttestationManagementClient(
    SiteToken(), "00000000-0000-0000-0000-000000000000", base_url=os.environ["ATTESTATION_URL"])
made = client.attestation_providers.create("any-group", "payroll", {"location": "local", "properties": {}})
print(made.status, made.trust_model, made.attest_uri)
client.attestation_providers.delete("any-group", "payroll")
