"""The peer of `npm run bench -- linkage-speed`: the same records, blocking rules and like comparisons in Splink on DuckDB.

Prints one JSON object with seconds of each step, pairs and peak memory. Usage: linkage-peer.py RECORDS.parquet MEMORY_MB
"""

import json
import resource
import sys
import time

import duckdb
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink import DuckDBAPI

path, memory_mb = sys.argv[1], sys.argv[2]
connection = duckdb.connect()
connection.execute(f"SET memory_limit='{memory_mb}MB'")
connection.execute(f"CREATE TABLE records AS SELECT * FROM read_parquet('{path}')")
began = time.perf_counter()
rules = [
    block_on("nhs_number"),
    block_on("date_of_birth", "postcode"),
    block_on("forename", "surname"),
    block_on("surname", "postcode"),
    block_on("email"),
    block_on("substr(surname, 1, 3)", "date_of_birth"),
]
settings = SettingsCreator(
    link_type="dedupe_only",
    unique_id_column_name="record",
    comparisons=[
        cl.JaroWinklerAtThresholds("forename", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        cl.JaroWinklerAtThresholds("surname", [0.9, 0.8]).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        cl.DamerauLevenshteinAtThresholds("postcode", [1]),
        cl.JaroWinklerAtThresholds("address", [0.92, 0.8]),
        cl.DamerauLevenshteinAtThresholds("email", [2]),
        cl.DamerauLevenshteinAtThresholds("nhs_number", [1, 2]),
    ],
    blocking_rules_to_generate_predictions=rules,
    retain_intermediate_calculation_columns=False,
    retain_matching_columns=False,
)
api = DuckDBAPI(connection=connection)
try:
    linker = Linker(api.register("records"), settings)
except (AttributeError, TypeError):
    linker = Linker("records", settings, api)
linker.training.estimate_probability_two_random_records_match([block_on("nhs_number"), block_on("email")], recall=0.6)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
linker.training.estimate_parameters_using_expectation_maximisation(block_on("date_of_birth", "postcode"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("forename", "surname"))
trained = time.perf_counter()
predictions = linker.inference.predict(threshold_match_weight=-10)
scored = time.perf_counter()
clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, threshold_match_probability=0.5)
clustered = time.perf_counter()
pairs = connection.execute(f"SELECT count(*) FROM {predictions.physical_name}").fetchone()[0]
groups = connection.execute(f"SELECT count(DISTINCT cluster_id) FROM {clusters.physical_name}").fetchone()[0]
print(
    json.dumps(
        {
            "training": trained - began,
            "scoring": scored - trained,
            "clustering": clustered - scored,
            "kept": pairs,
            "clusters": groups,
            "memoryMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
