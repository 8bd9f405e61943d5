// The page with react-select 3 on React 16: div.react-select__input > input.
import ReactDOM from 'react-dom';
import { start } from './start.jsx';

start((element, container) => ReactDOM.render(element, container));
