//! The order of ids, and who stays, over columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, PrimitiveArray, UInt32Array};
use pyo3::prelude::*;
use pyo3_arrow::PyArray;
use refinery_core::Error;
use refinery_core::batch::Texts;
use refinery_core::choose::{self, NONE, order_key};

use crate::detach::{ThreadPool, detached};
use crate::signatures::{ranks, type_error};

/// The place of each id in their order (`UInt32`), the smallest that occurs twice (null: none) and
/// how many rows repeat one.
///
/// Equal ids go by row, null comes first and repeats nothing.
#[pyfunction]
#[pyo3(signature = (ids, pool=None))]
fn rank_ids(
    py: Python<'_>,
    ids: PyArray,
    pool: Option<&ThreadPool>,
) -> PyResult<(PyArray, Option<String>, usize)> {
    let (ids, _) = ids.into_inner();
    let ranked = detached(py, pool, || {
        Ok(choose::rank_ids(&Texts::new(ids.as_ref())?))
    })?;
    let rank: ArrayRef = Arc::new(UInt32Array::from(ranked.rank));
    Ok((
        PyArray::from_array_ref(rank),
        ranked.repeated,
        ranked.repeats,
    ))
}

/// The groups of documents, and the best of each.
///
/// `labels`: `UInt32`, the group of each document, a number below their length; `rank`: `UInt32`,
/// place in id order; `values`: `Float64`, what the best has most of (null least), of equal ones
/// the smallest-ranked; `alive`: Boolean. Returns for each document the smallest-ranked of its
/// group and the best (`UInt32`, null where it is alone).
#[pyfunction]
fn best_of_groups(
    py: Python<'_>,
    labels: PyArray,
    rank: PyArray,
    values: PyArray,
    alive: PyArray,
) -> PyResult<(PyArray, PyArray)> {
    let [labels, rank, values, alive] = [labels, rank, values, alive].map(|a| a.into_inner().0);
    let groups = detached(py, None, || {
        check_lengths(
            &rank,
            [("labels", &labels), ("values", &values), ("alive", &alive)],
        )?;
        let (key, alive) = (keys(&values)?, booleans(&alive)?);
        choose::best_of_groups(ranks(&labels)?, ranks(&rank)?, key, alive)
    })?;
    Ok((documents(groups.smallest), documents(groups.best)))
}

/// Which documents a selection takes, from the largest of `values` down until `target`.
///
/// `values`: `Float64`, null last; `rank`: `UInt32`, place in id order, for equal ones; `weights`:
/// `Int64`; `alive`: Boolean. Returns Boolean, as long as they are.
#[pyfunction]
fn select_up_to(
    py: Python<'_>,
    target: f64,
    values: PyArray,
    rank: PyArray,
    weights: PyArray,
    alive: PyArray,
) -> PyResult<PyArray> {
    let [values, rank, weights, alive] = [values, rank, weights, alive].map(|a| a.into_inner().0);
    let chosen: BooleanArray = detached(py, None, || {
        check_lengths(
            &rank,
            [
                ("values", &values),
                ("weights", &weights),
                ("alive", &alive),
            ],
        )?;
        let (key, alive) = (keys(&values)?, booleans(&alive)?);
        let weights = integers(&weights)?;
        let weight = |i: usize| weights.value(i);
        Ok(choose::select_up_to(target, ranks(&rank)?, key, weight, alive).into())
    })?;
    Ok(PyArray::from_array_ref(Arc::new(chosen)))
}

/// The rank of every value among all, counted in weight: 0 (least) to 1 (most).
///
/// `values`: `Float64`; `weights`: `Int64`, not negative. Returns `Float64`, as long as they are; null
/// where the value is null or not a number.
#[pyfunction]
#[pyo3(signature = (values, weights, pool=None))]
fn weighted_ranks(
    py: Python<'_>,
    values: PyArray,
    weights: PyArray,
    pool: Option<&ThreadPool>,
) -> PyResult<PyArray> {
    let [values, weights] = [values, weights].map(|a| a.into_inner().0);
    let ranks: Float64Array = detached(py, pool, || {
        let (values, weights) = (floats(&values)?, integers(&weights)?);
        let value = |i: usize| values.is_valid(i).then(|| values.value(i));
        let n = values.len().min(weights.len());
        let ranks = choose::weighted_ranks(n, value, |i| weights.value(i));
        Ok(ranks.into())
    })?;
    Ok(PyArray::from_array_ref(Arc::new(ranks)))
}

fn check_lengths(rank: &ArrayRef, others: [(&'static str, &ArrayRef); 3]) -> Result<(), Error> {
    let n = rank.len();
    match others.into_iter().find(|(_, other)| other.len() != n) {
        None => Ok(()),
        Some((name, other)) => Err(Error::Parameter {
            name,
            message: format!("got {} values; allowed: {n}", other.len()),
        }),
    }
}

fn keys(values: &ArrayRef) -> Result<impl Fn(usize) -> u64, Error> {
    let values = floats(values)?;
    Ok(|i| order_key(values.is_valid(i).then(|| values.value(i))))
}

fn floats(values: &ArrayRef) -> Result<&PrimitiveArray<Float64Type>, Error> {
    let found = values.as_primitive_opt();
    found.ok_or_else(|| type_error("values", "Float64", values.data_type()))
}

fn integers(weights: &ArrayRef) -> Result<&PrimitiveArray<Int64Type>, Error> {
    let found = weights.as_primitive_opt();
    found.ok_or_else(|| type_error("weights", "Int64", weights.data_type()))
}

fn booleans(alive: &ArrayRef) -> Result<impl Fn(usize) -> bool, Error> {
    let alive = alive
        .as_boolean_opt()
        .ok_or_else(|| type_error("alive", "Boolean", alive.data_type()))?;
    Ok(|i| alive.is_valid(i) && alive.value(i))
}

fn documents(found: Vec<u32>) -> PyArray {
    let is_one = found.iter().map(|&document| document != NONE).collect();
    let column = UInt32Array::new(found.into(), Some(is_one));
    PyArray::from_array_ref(Arc::new(column))
}

/// Adds this file's names to the module.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(rank_ids, m)?)?;
    m.add_function(wrap_pyfunction!(best_of_groups, m)?)?;
    m.add_function(wrap_pyfunction!(weighted_ranks, m)?)?;
    m.add_function(wrap_pyfunction!(select_up_to, m)?)
}
