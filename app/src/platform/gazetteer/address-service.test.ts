import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AddressService, placesOf } from './address-service.ts';

/** In the published shapes, of fictional places. */
const answers = {
  'OS Places': {
    header: { totalresults: 1 },
    results: [
      {
        DPA: {
          UPRN: '100012345678',
          ADDRESS: '12, MILL LANE, TARNBRIDGE, TB1 4QX',
          POST_TOWN: 'TARNBRIDGE',
          X_COORDINATE: 411_400,
          Y_COORDINATE: 465_300,
        },
      },
    ],
  },
  'OS Places in degrees': { header: {}, results: [{ LPI: { ADDRESS: '12 MILL LANE, TARNBRIDGE', LNG: -1.8272, LAT: 54.0834 } }] },
  'OS Names': {
    header: {},
    results: [
      {
        GAZETTEER_ENTRY: {
          NAME1: 'Mill Lane',
          TYPE: 'transportNetwork',
          LOCAL_TYPE: 'Named Road',
          GEOMETRY_X: 411_400,
          GEOMETRY_Y: 465_300,
          POPULATED_PLACE: 'Tarnbridge',
          COUNTY_UNITARY: 'Fellshire',
        },
      },
    ],
  },
  Nominatim: [{ display_name: '12, Mill Lane, Tarnbridge', lat: '54.0834', lon: '-1.8272', addresstype: 'house' }],
  Photon: {
    type: 'FeatureCollection',
    features: [
      {
        geometry: { type: 'Point', coordinates: [-1.8272, 54.0834] },
        properties: { housenumber: '12', street: 'Mill Lane', city: 'Tarnbridge', type: 'house' },
      },
    ],
  },
};

let server: Server;
let url = '';
const asked: string[] = [];
let answer: { status: number; body: string } | null = null;
beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(String(request.url));
    // Without one it stays silent.
    if (answer) response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/find?query={query}&key=very-secret`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('an address service', () => {
  test.each(Object.entries(answers))('of %s is understood', (_name, given) => {
    const [place] = placesOf(given) ?? [];
    expect(place?.name).toMatch(/mill lane/i);
    expect(place?.kind).toBe(_name === 'OS Names' ? 'street' : 'address');
    expect(place?.lat).toBeCloseTo(54.0834, 3);
    expect(place?.lon).toBeCloseTo(-1.8272, 3);
  });

  test.each([
    [{ header: { totalresults: 0 } }, []],
    [[], []],
    [{ features: [{ geometry: null, properties: {} }, 7] }, []],
    [[{ display_name: 'Off the world', lat: '95', lon: '0' }, { display_name: '', lat: '1', lon: '1' }, null], []],
    [{ error: 'no' }, null],
    ['text', null],
    [null, null],
  ])('%j gives %j', (given, wanted) => expect(placesOf(given)).toEqual(wanted));

  test('is asked for what was typed, once; its key is in no message', async () => {
    answer = { status: 200, body: JSON.stringify(answers.Nominatim) };
    const service = new AddressService(url);
    expect(await service.find('12 mill lane & more', 8)).toHaveLength(1);
    expect(await service.find('12 Mill Lane & more', 8)).toHaveLength(1);
    expect(asked).toEqual(['/find?query=12%20mill%20lane%20%26%20more&key=very-secret']);
    for (const [given, said] of [
      [{ status: 401, body: '{}' }, 'The address service answers with 401.'],
      [{ status: 200, body: '<html>' }, 'The address service answers in a form that is not known.'],
      [null, 'The address service gave no answer within 3 s.'],
    ] as const) {
      answer = given;
      await expect(service.find('elsewhere', 8)).rejects.toThrow(new Error(said));
    }
    const gone = new AddressService('http://127.0.0.1:1/?q={query}&key=very-secret');
    await expect(gone.find('elsewhere', 8)).rejects.toThrow(new Error('The address service is not reached.'));
  });
});
