use {crate::StakingError, anchor_lang::prelude::*};

/// Who acts for a node day by day, and how to reach it. The authority's key, which holds stake and
/// money, never needs to be on the machine.
#[account]
pub struct Agent {
    /// The node.
    pub actor: Address,
    /// Its agent's key, which the node's authority named.
    pub key: Address,
    /// SHA-256 of the TLS certificate that the machine shows, DER; zeros until it is announced.
    pub certificate: [u8; 32],
    /// SHA-256 of the inventory of the machine's hardware; zeros until it is announced.
    pub hardware: [u8; 32],
    /// `host:port`, ASCII, padded with zeros on the right; zeros until it is announced.
    pub endpoint: [u8; Agent::ENDPOINT_BYTES],
    /// Unix seconds; zero until it is announced.
    pub announced_at: PodI64,
    pub bump: u8,
    pub padding: [u8; 7],
}

impl Agent {
    pub const SEED: &'static [u8] = b"agent";
    pub const ENDPOINT_BYTES: usize = 64;

    /// Makes `key` the agent's. Another key than before has announced nothing yet: what its predecessor
    /// said about the machine is gone.
    pub fn name(&mut self, key: Address) {
        if self.key == key {
            return;
        }
        self.key = key;
        self.certificate = [0; 32];
        self.hardware = [0; 32];
        self.endpoint = [0; Self::ENDPOINT_BYTES];
        self.announced_at = 0.into();
    }

    /// Refuses what cannot be an endpoint: one or more printable ASCII characters without blanks, then
    /// only zeros. Who connects reads host and port.
    pub fn validate_endpoint(endpoint: &[u8; Self::ENDPOINT_BYTES]) -> Result<()> {
        let length = endpoint
            .iter()
            .position(|b| *b == 0)
            .unwrap_or(Self::ENDPOINT_BYTES);
        let (text, padding) = endpoint.split_at(length);
        require!(
            !text.is_empty()
                && text.iter().all(u8::is_ascii_graphic)
                && padding.iter().all(|b| *b == 0),
            StakingError::EndpointInvalid
        );
        Ok(())
    }
}
