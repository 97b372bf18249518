"""The agents for upstreams: which of them makes a request depends on its permit.

They share no connection. A request for one upstream cannot use a connection that was allowed, or introduced by a client
certificate, for another.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, gatherResults
from twisted.web.iweb import IAgent

from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.permits import Permit
from reqpi.upstream.http.agent import PooledAgent
from reqpi.upstream.http.tls import TlsTrust

__all__ = ["Agents"]


@frozen
class Agents:
    """An agent for each kind of host.

    :param home: for the hosts that a request is for: at any address, with the client certificate.
    :param named: for other hosts that the permit reaches: at any address, without the client certificate.
    :param public: for all other hosts: on the public internet only.
    """

    home: PooledAgent
    named: PooledAgent
    public: PooledAgent

    @classmethod
    def of(cls, outside: AllowedUpstreams, reactor: Any) -> Agents:
        """Return new agents.

        :param reactor: provides the resolver and the network.
        """

        def agent(named: Hosts, trust: TlsTrust) -> PooledAgent:
            return PooledAgent(reactor, GuardedReactor(reactor, named), trust, outside.proxies)

        anonymous = TlsTrust(outside.certificates, outside.unverified)
        introduced = TlsTrust(outside.certificates, outside.unverified, outside.client_certificate, outside.named)
        return cls(agent(outside.named, introduced), agent(outside.named, anonymous), agent(Hosts(), anonymous))

    @classmethod
    def same(cls, agent: PooledAgent) -> Agents:
        """Return one agent for all kinds of hosts."""
        return cls(agent, agent, agent)

    def agent_for(self, permit: Permit, url: str) -> IAgent:
        """Return the agent for a request."""
        if not permit.reaches(url):
            return self.public
        return self.home if permit.is_home(url) else self.named

    def close(self) -> Deferred[list[None]]:
        """Close the idle connections."""
        return gatherResults([agent.close() for agent in (self.home, self.named, self.public)])
