//! The history's tables, within a transaction.

use super::{body::Body, session::Session};
use crate::store::{
    Point, Span, StoreError,
    shelf::{Chunk, Packed, Shelf},
    tier::Tier,
};
use protocol::{DeviceId, MetricName};
use std::collections::HashMap;

/// The tables, over a connection that is within a transaction.
pub(super) struct Tables<'a>(pub(super) &'a mut Session);

impl Shelf for Tables<'_> {
    fn fresh(
        &mut self,
        device: &DeviceId,
        metrics: &[MetricName],
        span: &Span,
    ) -> Result<Vec<Vec<Point>>, StoreError> {
        let mut all = vec![Vec::new(); metrics.len()];
        self.0.each(
            "SELECT time_ms, by_device, body FROM summaries WHERE device = $1 AND time_ms > $2 AND time_ms <= $3
             ORDER BY time_ms, boot, sequence",
            &[&device.as_str(), &span.from_ms, &span.to_ms],
            |row| {
                let (time_ms, by_device) = (row.try_get(0)?, row.try_get(1)?);
                if let Some(body) = Body::read(device, row.try_get(2)?) {
                    for (metric, points) in metrics.iter().zip(&mut all) {
                        points.extend(body.point(metric, time_ms, by_device));
                    }
                }
                Ok(())
            },
        )?;
        Ok(all)
    }

    fn bounds(&mut self, tier: Tier) -> Result<Option<(i64, i64)>, StoreError> {
        let row =
            self.0.query_one("SELECT min(span), max(span) FROM chunks WHERE tier = $1", &[&tier.number()])?;
        Ok(row.try_get::<_, Option<i64>>(0)?.zip(row.try_get(1)?))
    }

    fn chunks(
        &mut self,
        device: &DeviceId,
        metrics: &[MetricName],
        tier: Tier,
        spans: &[i64],
    ) -> Result<Vec<Vec<Chunk>>, StoreError> {
        let mut all = vec![Vec::new(); metrics.len()];
        if spans.is_empty() {
            return Ok(all);
        }
        // A metric may be asked for twice, and both are told.
        let mut wanted: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, metric) in metrics.iter().enumerate() {
            wanted.entry(metric.as_str()).or_default().push(at);
        }
        let names: Vec<&str> = wanted.keys().copied().collect();
        self.0.each(
            "SELECT metric, span, points FROM chunks JOIN series ON series.id = chunks.series
             WHERE device = $1 AND metric = ANY($2) AND tier = $3 AND span = ANY($4) ORDER BY span",
            &[&device.as_str(), &names, &tier.number(), &spans],
            |row| {
                let chunk: Chunk = (row.try_get(1)?, row.try_get(2)?);
                for at in wanted.get(row.try_get::<_, &str>(0)?).into_iter().flatten() {
                    all[*at].push(chunk.clone());
                }
                Ok(())
            },
        )?;
        Ok(all)
    }

    fn minutes_since_ms(&mut self) -> Result<Option<i64>, StoreError> {
        let rows = self.0.query("SELECT value FROM facts WHERE name = 'minutes_since_ms'", &[])?;
        Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
    }

    fn save(&mut self, device: &DeviceId, chunks: &[Packed]) -> Result<(), StoreError> {
        let metrics: Vec<&str> = chunks.iter().map(|chunk| chunk.metric.as_str()).collect();
        let tiers: Vec<i64> = chunks.iter().map(|chunk| chunk.tier.number()).collect();
        let spans: Vec<i64> = chunks.iter().map(|chunk| chunk.span).collect();
        let points: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.points.as_slice()).collect();
        self.0.execute(
            "INSERT INTO series (device, metric) SELECT DISTINCT $1, new.metric FROM unnest($2::text[]) AS new (metric)
             WHERE NOT EXISTS (SELECT FROM series WHERE device = $1 AND series.metric = new.metric)",
            &[&device.as_str(), &metrics],
        )?;
        self.0.execute(
            "INSERT INTO chunks (tier, span, series, points)
             SELECT new.tier, new.span, series.id, new.points
             FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bytea[]) AS new (metric, tier, span, points)
             JOIN series ON series.device = $1 AND series.metric = new.metric
             ON CONFLICT (tier, span, series) DO UPDATE SET points = excluded.points",
            &[&device.as_str(), &metrics, &tiers, &spans, &points],
        )?;
        Ok(())
    }
}
