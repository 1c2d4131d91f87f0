-- Views for programs that read the database themselves. They run with the rights of their owner.
-- Statements are taken apart at a semicolon that ends a line.

COMMENT ON SCHEMA reporting IS 'Places, visits, patrols, crimes; devices by number, nobody by name';
COMMENT ON SCHEMA reporting_tracks IS 'Every position of every device, by number';
COMMENT ON SCHEMA reporting_people IS 'Who stands behind the numbers: officers, devices, who had which';

CREATE VIEW reporting.hotspots AS
SELECT h.id, h.key AS hotspot, v.name, v.buffer_m, v.valid_from, v.valid_to,
       ST_Multi(v.geom)::geometry(MultiPolygon, 4326) AS geom
FROM hotspots h JOIN hotspot_versions v ON v.hotspot_id = h.id
WHERE v.known_to IS NULL AND v.valid_from <= now() AND (v.valid_to IS NULL OR v.valid_to > now());

COMMENT ON VIEW reporting.hotspots IS 'Hot spots as they are today';
COMMENT ON COLUMN reporting.hotspots.id IS 'Unique number of the hot spot';
COMMENT ON COLUMN reporting.hotspots.hotspot IS 'Key of the hot spot, as in all views and exports';
COMMENT ON COLUMN reporting.hotspots.name IS 'Its name';
COMMENT ON COLUMN reporting.hotspots.buffer_m IS 'Metres by which it is grown where visits are measured';
COMMENT ON COLUMN reporting.hotspots.valid_from IS 'When this shape and name began to hold';
COMMENT ON COLUMN reporting.hotspots.valid_to IS 'When they end; null: not known to end';
COMMENT ON COLUMN reporting.hotspots.geom IS 'Its polygons as drawn, without the buffer';

CREATE VIEW reporting.hotspots_grown AS
SELECT id, hotspot, name,
       ST_Multi(ST_Buffer(geom::geography, buffer_m, 'quad_segs=16')::geometry)::geometry(MultiPolygon, 4326) AS geom
FROM reporting.hotspots;

COMMENT ON VIEW reporting.hotspots_grown IS 'Hot spots as they are today, grown by their buffers: for drawing, true to centimetres';
COMMENT ON COLUMN reporting.hotspots_grown.id IS 'Unique number of the hot spot';
COMMENT ON COLUMN reporting.hotspots_grown.hotspot IS 'Key of the hot spot';
COMMENT ON COLUMN reporting.hotspots_grown.name IS 'Its name';
COMMENT ON COLUMN reporting.hotspots_grown.geom IS 'Its polygons grown by the buffer';

CREATE VIEW reporting.hotspot_versions AS
SELECT v.id, h.key AS hotspot, v.name, v.buffer_m, v.valid_from, v.valid_to, v.known_from, v.known_to,
       ST_Multi(v.geom)::geometry(MultiPolygon, 4326) AS geom
FROM hotspot_versions v JOIN hotspots h ON h.id = v.hotspot_id;

COMMENT ON VIEW reporting.hotspot_versions IS 'Every shape that a hot spot had, and all that was believed of it';
COMMENT ON COLUMN reporting.hotspot_versions.id IS 'Unique number of the version';
COMMENT ON COLUMN reporting.hotspot_versions.hotspot IS 'Key of the hot spot';
COMMENT ON COLUMN reporting.hotspot_versions.name IS 'Its name';
COMMENT ON COLUMN reporting.hotspot_versions.buffer_m IS 'Metres by which it is grown where visits are measured';
COMMENT ON COLUMN reporting.hotspot_versions.valid_from IS 'When this shape and name began to hold';
COMMENT ON COLUMN reporting.hotspot_versions.valid_to IS 'When they ended; null: not known to end';
COMMENT ON COLUMN reporting.hotspot_versions.known_from IS 'Since when this was believed';
COMMENT ON COLUMN reporting.hotspot_versions.known_to IS 'Until when this was believed; null: it still is';
COMMENT ON COLUMN reporting.hotspot_versions.geom IS 'Its polygons as drawn, without the buffer';

CREATE VIEW reporting.visits AS
WITH points AS MATERIALIZED (SELECT id, ST_PointOnSurface(geom) AS geom FROM hotspot_versions)
SELECT v.id, v.device_id AS device, h.key AS hotspot, v.enter, v.exit,
       extract(epoch FROM v.exit - v.enter)::double precision AS dwell_s,
       v.inside_us / 1e6::double precision AS inside_s,
       v.bridged_us / 1e6::double precision AS bridged_s,
       v.low_us / 1e6::double precision AS low_s,
       extract(epoch FROM v.outer_to - v.outer_from)::double precision AS high_s,
       v.enter_seen, v.exit_seen, v.fixes, v.mean_speed_mps, v.pass_through, v.open, v.method, v.known_from,
       p.geom::geometry(Point, 4326) AS geom
FROM visits v JOIN hotspots h ON h.id = v.hotspot_id JOIN points p ON p.id = v.version_id
WHERE v.known_to IS NULL;

COMMENT ON VIEW reporting.visits IS 'Visits as they are now known, open ones too: one device at one hot spot';
COMMENT ON COLUMN reporting.visits.id IS 'Unique number of this version of the visit';
COMMENT ON COLUMN reporting.visits.device IS 'Number of the device';
COMMENT ON COLUMN reporting.visits.hotspot IS 'Key of the hot spot';
COMMENT ON COLUMN reporting.visits.enter IS 'When the device came';
COMMENT ON COLUMN reporting.visits.exit IS 'When it left, or was last there';
COMMENT ON COLUMN reporting.visits.dwell_s IS 'Seconds from enter to exit';
COMMENT ON COLUMN reporting.visits.inside_s IS 'Seconds inside the hot spot';
COMMENT ON COLUMN reporting.visits.bridged_s IS 'Seconds of short absences that are counted in';
COMMENT ON COLUMN reporting.visits.low_s IS 'Seconds that it was surely there';
COMMENT ON COLUMN reporting.visits.high_s IS 'Seconds that it was there at most; less sure where an end was not seen';
COMMENT ON COLUMN reporting.visits.enter_seen IS 'Whether it was seen outside before';
COMMENT ON COLUMN reporting.visits.exit_seen IS 'Whether it was seen outside after';
COMMENT ON COLUMN reporting.visits.fixes IS 'How many positions were inside';
COMMENT ON COLUMN reporting.visits.mean_speed_mps IS 'Mean speed inside, metres a second';
COMMENT ON COLUMN reporting.visits.pass_through IS 'Whether it was under 2 minutes: no patrol';
COMMENT ON COLUMN reporting.visits.open IS 'Whether it may still change as positions come in order';
COMMENT ON COLUMN reporting.visits.method IS 'Version of the method by which it was measured';
COMMENT ON COLUMN reporting.visits.known_from IS 'Since when it is known like this';
COMMENT ON COLUMN reporting.visits.geom IS 'A point in the hot spot, for maps: not where the device was';

-- Visits of one device that overlap are at one hot spot at a time: the longer visit has the moments of both, of equal
-- ones that of the lower number. What is left of 2 minutes or more is united where it overlaps or touches.
CREATE VIEW reporting.patrols AS
WITH stays AS (
    SELECT id, device_id, hotspot_id, version_id, enter, exit, exit - enter AS dwell, pass_through, open
    FROM visits WHERE known_to IS NULL
), reaching AS (
    SELECT *, max(exit) OVER (PARTITION BY device_id ORDER BY enter, id
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
    FROM stays
), chained AS (
    SELECT *, count(*) FILTER (WHERE reach IS NULL OR enter > reach)
              OVER (PARTITION BY device_id ORDER BY enter, id) AS chain
    FROM reaching
), contested AS (
    SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY device_id, chain) AS length FROM chained) AS counted
    WHERE length > 1
), cut AS (
    SELECT loser.id,
           max(winner.exit) FILTER (WHERE winner.enter <= loser.enter) AS enter,
           min(winner.enter) FILTER (WHERE winner.enter > loser.enter) AS exit
    FROM contested loser JOIN contested winner USING (device_id, chain)
    WHERE winner.hotspot_id <> loser.hotspot_id
      AND (winner.dwell > loser.dwell OR (winner.dwell = loser.dwell AND winner.hotspot_id < loser.hotspot_id))
      AND winner.enter < loser.exit AND winner.exit > loser.enter
    GROUP BY loser.id
), attributed AS (
    SELECT id, device_id, hotspot_id, version_id, pass_through, open,
           greatest(stays.enter, cut.enter) AS enter, least(stays.exit, cut.exit) AS exit
    FROM stays LEFT JOIN cut USING (id)
), lasting AS (
    SELECT *, max(exit) OVER (PARTITION BY hotspot_id ORDER BY enter, id
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach
    FROM attributed WHERE NOT pass_through AND exit - enter >= interval '2 minutes'
), numbered AS (
    SELECT *, count(*) FILTER (WHERE reach IS NULL OR enter > reach)
              OVER (PARTITION BY hotspot_id ORDER BY enter, id) AS patrol
    FROM lasting
), patrols AS (
    SELECT min(id) AS id, hotspot_id, min(version_id) AS version_id, min(enter) AS started, max(exit) AS ended,
           count(*) AS visits, count(DISTINCT device_id) AS devices, bool_or(open) AS open,
           array_agg(device_id) AS every_device, array_agg(enter) AS every_enter, array_agg(exit) AS every_exit
    FROM numbered GROUP BY hotspot_id, patrol
), points AS MATERIALIZED (SELECT id, ST_PointOnSurface(geom) AS geom FROM hotspot_versions)
SELECT p.id, h.key AS hotspot, p.started, p.ended,
       extract(epoch FROM p.ended - p.started)::double precision / 60 AS minutes,
       p.visits, p.devices,
       (SELECT count(DISTINCT a.officer_id)
        FROM unnest(p.every_device, p.every_enter, p.every_exit) AS v (device_id, enter, exit)
        JOIN assignments a ON a.device_id = v.device_id AND a.known_to IS NULL
                          AND a.start < v.exit AND (a."end" IS NULL OR a."end" > v.enter)) AS officers,
       p.open, points.geom::geometry(Point, 4326) AS geom
FROM patrols p JOIN hotspots h ON h.id = p.hotspot_id JOIN points ON points.id = p.version_id;

COMMENT ON VIEW reporting.patrols IS 'Visits of 2 minutes or more at one hot spot, united where they overlap or touch, whatever the plan';
COMMENT ON COLUMN reporting.patrols.id IS 'Unique number: that of its first stored visit';
COMMENT ON COLUMN reporting.patrols.hotspot IS 'Key of the hot spot';
COMMENT ON COLUMN reporting.patrols.started IS 'When its first visit began';
COMMENT ON COLUMN reporting.patrols.ended IS 'When its last visit ended, or was last seen to go on';
COMMENT ON COLUMN reporting.patrols.minutes IS 'Minutes from started to ended';
COMMENT ON COLUMN reporting.patrols.visits IS 'How many visits it is made of';
COMMENT ON COLUMN reporting.patrols.devices IS 'How many devices were on it';
COMMENT ON COLUMN reporting.patrols.officers IS 'How many officers were on it, by who had the devices';
COMMENT ON COLUMN reporting.patrols.open IS 'Whether a visit of it is open, so that it may go on';
COMMENT ON COLUMN reporting.patrols.geom IS 'A point in the hot spot, for maps';

CREATE VIEW reporting.hotspot_days AS
WITH stays AS (
    SELECT hotspot_id, ((enter AT TIME ZONE 'Europe/London') - interval '6 hours')::date AS day,
           count(*) FILTER (WHERE NOT pass_through) AS visits, count(*) FILTER (WHERE pass_through) AS pass_throughs
    FROM visits WHERE known_to IS NULL GROUP BY 1, 2
), done AS (
    SELECT h.id AS hotspot_id, ((started AT TIME ZONE 'Europe/London') - interval '6 hours')::date AS day,
           count(*) AS patrols, count(*) FILTER (WHERE minutes >= 10) AS patrols_of_10, sum(minutes) AS patrol_minutes
    FROM reporting.patrols JOIN hotspots h ON h.key = hotspot GROUP BY 1, 2
)
SELECT hotspot_id * 100000 + (day - date '1970-01-01') AS id, h.key AS hotspot, day,
       coalesce(visits, 0) AS visits, coalesce(pass_throughs, 0) AS pass_throughs,
       coalesce(patrols, 0) AS patrols, coalesce(patrols_of_10, 0) AS patrols_of_10,
       coalesce(patrol_minutes, 0) AS patrol_minutes
FROM stays FULL JOIN done USING (hotspot_id, day) JOIN hotspots h ON h.id = hotspot_id;

COMMENT ON VIEW reporting.hotspot_days IS 'Each hot spot on each operational day (06:00 to 06:00, Europe/London) on which something was seen there';
COMMENT ON COLUMN reporting.hotspot_days.id IS 'Unique number of hot spot and day';
COMMENT ON COLUMN reporting.hotspot_days.hotspot IS 'Key of the hot spot';
COMMENT ON COLUMN reporting.hotspot_days.day IS 'Operational day in which they began';
COMMENT ON COLUMN reporting.hotspot_days.visits IS 'Visits of 2 minutes or more';
COMMENT ON COLUMN reporting.hotspot_days.pass_throughs IS 'Visits of less';
COMMENT ON COLUMN reporting.hotspot_days.patrols IS 'Patrols';
COMMENT ON COLUMN reporting.hotspot_days.patrols_of_10 IS 'Patrols of 10 minutes or more';
COMMENT ON COLUMN reporting.hotspot_days.patrol_minutes IS 'Minutes of its patrols';

CREATE VIEW reporting.device_hours AS
SELECT device_id AS device, hour, fixes, bit_count(observed::bit(60)) AS observed_minutes
FROM device_hours WHERE known_to IS NULL;

COMMENT ON VIEW reporting.device_hours IS 'How well each device was observed; outlives its positions. Unique: device and hour';
COMMENT ON COLUMN reporting.device_hours.device IS 'Number of the device';
COMMENT ON COLUMN reporting.device_hours.hour IS 'Start of the hour, UTC';
COMMENT ON COLUMN reporting.device_hours.fixes IS 'How many positions it sent';
COMMENT ON COLUMN reporting.device_hours.observed_minutes IS 'Minutes of the hour that they cover, 0 to 60';

CREATE VIEW reporting.crimes AS
SELECT id, source, category, start AS earliest, "end" AS latest, snapped, place,
       ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geometry(Point, 4326) AS geom
FROM crimes;

COMMENT ON VIEW reporting.crimes IS 'Crimes as they were imported';
COMMENT ON COLUMN reporting.crimes.id IS 'Unique number of the crime';
COMMENT ON COLUMN reporting.crimes.source IS 'Who recorded it';
COMMENT ON COLUMN reporting.crimes.category IS 'Its category, in the words of the source';
COMMENT ON COLUMN reporting.crimes.earliest IS 'It happened then or later';
COMMENT ON COLUMN reporting.crimes.latest IS 'But not after; a month later where that is all that is known';
COMMENT ON COLUMN reporting.crimes.snapped IS 'Whether it was moved to a point that many crimes share';
COMMENT ON COLUMN reporting.crimes.place IS 'Where, in words';
COMMENT ON COLUMN reporting.crimes.geom IS 'Where; null: nobody says';

CREATE VIEW reporting_tracks.pings AS
SELECT device_id AS device, time, received, accuracy_m, speed_mps, heading_deg, altitude_m, battery_pct, source, geom
FROM fixes;

COMMENT ON VIEW reporting_tracks.pings IS 'Every position that is still kept. Unique: device and time; ask for a stretch of time';
COMMENT ON COLUMN reporting_tracks.pings.device IS 'Number of the device';
COMMENT ON COLUMN reporting_tracks.pings.time IS 'When it was there, by its own clock';
COMMENT ON COLUMN reporting_tracks.pings.received IS 'When the service had it';
COMMENT ON COLUMN reporting_tracks.pings.accuracy_m IS 'Metres by which it may be off; null: not told';
COMMENT ON COLUMN reporting_tracks.pings.speed_mps IS 'Metres a second';
COMMENT ON COLUMN reporting_tracks.pings.heading_deg IS 'Degrees clockwise from north';
COMMENT ON COLUMN reporting_tracks.pings.altitude_m IS 'Metres above the sea or the ellipsoid, as the device has it';
COMMENT ON COLUMN reporting_tracks.pings.battery_pct IS 'Charge of its battery, 0 to 100';
COMMENT ON COLUMN reporting_tracks.pings.source IS 'Format in which it came';
COMMENT ON COLUMN reporting_tracks.pings.geom IS 'Where it was';

CREATE VIEW reporting_people.officers AS
SELECT o.id, o.number, o.name, t.name AS team, o.organisation
FROM officers o LEFT JOIN teams t ON t.id = o.team_id;

COMMENT ON VIEW reporting_people.officers IS 'Officers as they are now';
COMMENT ON COLUMN reporting_people.officers.id IS 'Unique number of the officer in the database';
COMMENT ON COLUMN reporting_people.officers.number IS 'Collar number or the like';
COMMENT ON COLUMN reporting_people.officers.name IS 'Name';
COMMENT ON COLUMN reporting_people.officers.team IS 'Team; null: none';
COMMENT ON COLUMN reporting_people.officers.organisation IS 'Organisation';

CREATE VIEW reporting_people.devices AS
SELECT id, name, kind FROM devices;

COMMENT ON VIEW reporting_people.devices IS 'What devices are called';
COMMENT ON COLUMN reporting_people.devices.id IS 'Number of the device, as in the other schemas';
COMMENT ON COLUMN reporting_people.devices.name IS 'Name';
COMMENT ON COLUMN reporting_people.devices.kind IS 'radio, phone, handheld, vehicle or gateway';

CREATE VIEW reporting_people.assignments AS
SELECT id, device_id AS device, officer_id AS officer, start AS started, "end" AS ended
FROM assignments WHERE known_to IS NULL;

COMMENT ON VIEW reporting_people.assignments IS 'Who had which device, as it is now known';
COMMENT ON COLUMN reporting_people.assignments.id IS 'Unique number of the assignment';
COMMENT ON COLUMN reporting_people.assignments.device IS 'Number of the device';
COMMENT ON COLUMN reporting_people.assignments.officer IS 'Number of the officer in the database';
COMMENT ON COLUMN reporting_people.assignments.started IS 'From when';
COMMENT ON COLUMN reporting_people.assignments.ended IS 'Until when; null: until further notice';
