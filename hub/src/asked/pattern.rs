//! Names with `*` in them.

use protocol::{DeviceId, MetricName};

/// A name, or what many names are like.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern<N = MetricName> {
    /// This one.
    Name(N),
    /// All with these parts in this order; between them may be anything.
    Glob(Vec<String>),
}

/// A device or several.
pub type Devices = Pattern<DeviceId>;

impl<N: std::str::FromStr> Pattern<N>
where
    N::Err: std::fmt::Display,
{
    /// Understands a name or a pattern.
    ///
    /// # Errors
    /// Why it is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.contains('*') {
            return text.parse().map(Self::Name).map_err(|error: N::Err| error.to_string());
        }
        // Long enough for any name; matching takes time that grows with it.
        if text.len() > 128 {
            return Err("a pattern has at most 128 characters".to_owned());
        }
        Ok(Self::Glob(text.split('*').map(str::to_owned).collect()))
    }

    /// Whether it is a name.
    pub fn is_name(&self) -> bool {
        matches!(self, Self::Name(_))
    }

    /// Whether the pattern fits; a name is left to who knows what there is.
    pub fn matches(&self, name: &str) -> bool {
        let Self::Glob(parts) = self else { return false };
        let [first, middle @ .., last] = parts.as_slice() else { return false };
        let Some(mut rest) = name.strip_prefix(first.as_str()) else { return false };
        for part in middle {
            let Some(at) = rest.find(part.as_str()) else { return false };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |pattern: &str, name: &str| Pattern::<MetricName>::parse(pattern).unwrap().matches(name);
        for (pattern, name) in [
            ("*", "a"),
            ("cpu*", "cpu0_percent"),
            ("*_percent", "cpu0_percent"),
            ("cpu*_percent", "cpu_percent"),
            ("c*u*p*t", "cpu0_percent"),
            ("**", "a"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("cpu*", "a_cpu"),
            ("*_percent", "percent"),
            ("ab*ba", "aba"),
            ("a*b*c", "acb"),
            ("a*bb*b", "abb"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert_eq!(
            Pattern::parse("a_percent"),
            Ok(Pattern::Name("a_percent".parse::<MetricName>().unwrap()))
        );
        assert!(Pattern::<MetricName>::parse("A").is_err());
    }
}
