"""The certificate: how far a settled economy is from an equilibrium, by what its members could gain by deviating."""
