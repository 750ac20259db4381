//! The RFC 6962 tree hash of a list that grows: in constant memory, whatever the list's length.

use sha2::{Digest, Sha256};

use crate::port::Hash;

/// The hash of the tree over the leaves pushed so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct TreeHash {
    leaves: u64,
    /// The hashes of the whole subtrees, largest first: one for each bit that is set in `leaves`.
    subtrees: Vec<Hash>,
}

impl TreeHash {
    /// Adds a leaf behind the others.
    pub(crate) fn push(&mut self, leaf: &Hash) {
        let mut hash = leaf_hash(leaf);
        let mut carry = self.leaves;
        while carry & 1 == 1 {
            // A subtree for each set bit, so one is there to be joined.
            if let Some(left) = self.subtrees.pop() {
                hash = node_hash(&left, &hash);
            }
            carry >>= 1;
        }
        self.subtrees.push(hash);
        self.leaves += 1;
    }

    /// How many leaves there are.
    pub(crate) fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The tree's hash; SHA-256 of nothing for the empty tree.
    pub(crate) fn root(&self) -> Hash {
        let mut smallest_first = self.subtrees.iter().rev();
        match smallest_first.next() {
            Some(smallest) => smallest_first.fold(*smallest, |right, left| node_hash(left, &right)),
            None => Sha256::digest(b"").into(),
        }
    }
}

fn leaf_hash(leaf: &Hash) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition in RFC 6962, section 2.1, by its recursion.
    fn defined(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest(b"").into(),
            [leaf] => leaf_hash(leaf),
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(split);
                node_hash(&defined(left), &defined(right))
            }
        }
    }

    proptest! {
        #[test]
        fn the_hash_is_the_one_that_rfc_6962_defines(
            leaves in prop::collection::vec(any::<Hash>(), 0..130),
        ) {
            let mut tree = TreeHash::default();
            for leaf in &leaves {
                tree.push(leaf);
            }
            prop_assert_eq!(tree.root(), defined(&leaves));
        }
    }
}
